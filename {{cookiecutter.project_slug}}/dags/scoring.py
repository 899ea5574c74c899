"""Scores the files of a day with the champion: one task for each file, known when the run starts.

The files of a day are in a folder named by its date, e.g. incoming/2026-03-01. A task that is tried
again continues after the parts that are finished, and writes the same file.
"""

from datetime import UTC, datetime, timedelta

from airflow.sdk import CronDataIntervalTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from project_command import ROOT, TASK_ARGS, deadline, run

SOURCE = "incoming/{date}"
TARGET = "var/scored/{date}"
# Names that are no data, e.g. .DS_Store, .part-0.parquet.crc and ~$rows.xlsx.
HIDDEN = (".", "_", "~$")


@dag(
    schedule=CronDataIntervalTimetable("0 0 * * *", timezone="UTC"),
    start_date=datetime(2013, 1, 1, tzinfo=UTC),
    catchup=False,
    default_args=TASK_ARGS,
    deadline=deadline(timedelta(hours=6)),
)
def scoring() -> None:
    @task
    def find_files(date: str) -> list[str]:
        folder = ROOT / SOURCE.format(date=date)
        names = sorted(path.name for path in folder.glob("*.*"))
        files = [name for name in names if not name.startswith(HIDDEN)]
        if not files:
            raise AirflowSkipException(f"nothing to score: there is no file in {folder}")
        return files

    @task(max_active_tis_per_dagrun=2)
    def score(file: str, date: str) -> str:
        source, target = SOURCE.format(date=date), TARGET.format(date=date)
        output = f"{target}/{file.removesuffix('.parquet')}.parquet"
        print(run("score", f"{source}/{file}", output))
        return output

    date = "{{ data_interval_start | ds }}"
    score.partial(date=date).expand(file=find_files(date))


scoring()
