"""The places outside the demo park: real places, their points assumed to a few hundred metres."""

from dispatch.model.park import Place, PlaceKind, Position


def _place(name: str, name_zh: str, kind: PlaceKind, latitude: float, longitude: float) -> Place:
    short = name.removesuffix(" container terminal").removesuffix(" empty depot").removesuffix(" rail terminal")
    return Place(short.upper().replace(" ", "-"), name, name_zh, kind, Position(latitude, longitude))


PLACES = (
    _place("Beilun container terminal", "北仑集装箱码头", PlaceKind.TERMINAL, 29.936, 121.882),
    _place("Chuanshan container terminal", "穿山集装箱码头", PlaceKind.TERMINAL, 29.893, 122.030),
    _place("Daxie container terminal", "大榭集装箱码头", PlaceKind.TERMINAL, 29.925, 121.978),
    _place("Meishan container terminal", "梅山集装箱码头", PlaceKind.TERMINAL, 29.768, 121.995),
    _place("Daqi empty depot", "大碶空箱堆场", PlaceKind.DEPOT, 29.893, 121.828),
    _place("Baifeng empty depot", "白峰空箱堆场", PlaceKind.DEPOT, 29.862, 121.958),
    _place("Ningbo North rail terminal", "宁波北铁路货场", PlaceKind.RAIL, 29.963, 121.530),
    _place("Yiwu", "义乌", PlaceKind.TOWN, 29.306, 120.075),
    _place("Jinhua", "金华", PlaceKind.TOWN, 29.079, 119.647),
    _place("Shaoxing", "绍兴", PlaceKind.TOWN, 30.030, 120.580),
    _place("Cixi", "慈溪", PlaceKind.TOWN, 30.170, 121.267),
    _place("Yuyao", "余姚", PlaceKind.TOWN, 30.037, 121.155),
    _place("Shangyu", "上虞", PlaceKind.TOWN, 30.033, 120.868),
    _place("Keqiao", "柯桥", PlaceKind.TOWN, 30.082, 120.493),
    _place("Zhuji", "诸暨", PlaceKind.TOWN, 29.714, 120.236),
    _place("Shengzhou", "嵊州", PlaceKind.TOWN, 29.588, 120.822),
    _place("Fenghua", "奉化", PlaceKind.TOWN, 29.655, 121.407),
    _place("Ninghai", "宁海", PlaceKind.TOWN, 29.288, 121.430),
    _place("Xiangshan", "象山", PlaceKind.TOWN, 29.477, 121.869),
    _place("Taizhou", "台州", PlaceKind.TOWN, 28.656, 121.421),
    _place("Yongkang", "永康", PlaceKind.TOWN, 28.889, 120.047),
    _place("Zhenhai", "镇海", PlaceKind.TOWN, 29.949, 121.716),
)
