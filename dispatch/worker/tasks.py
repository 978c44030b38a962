"""What a task is: an importable function that runs in a process of its own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dispatch.store.store import Store


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task has of its surroundings.

    `progress` tells a JSON document to whoever watches the job. `should_stop` turns True when the worker or the job is
    being ended; a task that does not come back soon after is killed.
    """

    job_id: str
    attempt: int
    store_url: str
    park_id: str
    progress: Callable[[dict[str, Any]], None]
    should_stop: Callable[[], bool]

    def open_store(self) -> Store:
        """Return the park's store, for the task's own event loop: `async with context.open_store() as store`."""
        return Store(self.store_url, self.park_id)


class Task(Protocol):
    """Does a job: JSON arguments in, a JSON document out.

    It may be run again when its process or worker is lost, so what it changes must bear that. What it raises fails the
    job: the text of the exception, one line, is what people are told.
    """

    __module__: str
    __qualname__: str

    def __call__(self, context: TaskContext, arguments: dict[str, Any], /) -> dict[str, Any]:
        """Do the job."""
        ...


Tasks = Mapping[str, Task]


def address_of(task: Task) -> str:
    """Return "module:name" of a task; ValueError when it cannot be imported by that."""
    if task.__module__ == "__main__" or not task.__qualname__.isidentifier():
        raise ValueError(f"task {task.__module__}:{task.__qualname__} must be a function of an importable module")
    return f"{task.__module__}:{task.__qualname__}"
