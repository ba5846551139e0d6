"""The flow of flow.ts, for `prefect worker start --type process`."""
import time
from pathlib import Path

from prefect import flow, get_run_logger, task


@task
def first(n: int) -> int:
    return n + 1


@task
def second(n: int) -> int:
    return n * 2


@flow(name="Bench Small Python")
def small(seconds: float = 0) -> None:
    get_run_logger().info("computed %s", second(first(1)))
    time.sleep(seconds)


if __name__ == "__main__":
    small.from_source(source=str(Path(__file__).parent), entrypoint="flow.py:small").deploy(
        name="small", work_pool_name="bench-python", ignore_warnings=True, print_next_steps=False
    )
