"""Luigi: a workflow engine's task history, by SQLAlchemy."""

import datetime

import database
from luigi import configuration
from luigi.db_task_history import DbTaskHistory, TaskEvent, TaskParameter, TaskRecord

url = f"sqlite:///{database.SQLITE}" if database.SQLITE else f"postgresql://pillion@127.0.0.1:{database.PORT}/{database.NAME}"
configuration.get_config().set("task_history", "db_connection", url)
history = DbTaskHistory()
session = history.session_factory()
for number in range(3):
    task = TaskRecord(task_id=f"Count_{number}", name="Count", host="here")
    task.parameters["date"] = TaskParameter(name="date", value="2024-02-29")
    task.events.append(TaskEvent(event_name="DONE", ts=datetime.datetime(2024, 5, 6, 7, 8, 9, number)))
    session.add(task)
session.commit()
