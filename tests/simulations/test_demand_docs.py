from pathlib import Path

from simulations.demand.distributions import Parameter, all_parameters

DOCS = Path(__file__).parents[2] / "docs" / "demand.md"


def row(name: str, parameter: Parameter[object]) -> str:
    return f"| {name} | {shown(parameter.value)} | {parameter.meaning} | {parameter.source} |"


def shown(value: object) -> str:
    match value:
        case dict():
            return ", ".join(f"{key}: {share}" for key, share in value.items())
        case tuple():
            return ", ".join(str(each) for each in value)
        case _:
            return str(value)


def test_the_documented_parameters_are_those_of_the_module() -> None:
    text = DOCS.read_text(encoding="utf-8")
    table = text[text.index("| name | value |") :].splitlines()[2:]

    assert table == [row(name, parameter) for name, parameter in all_parameters().items()]


def test_every_parameter_names_its_source() -> None:
    for name, parameter in all_parameters().items():
        assert parameter.source, name
        assert "|" not in parameter.meaning + parameter.source
