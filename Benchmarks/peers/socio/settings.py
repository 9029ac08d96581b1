"""For tests: BENCH_DATABASE is Django's name of an engine; BENCH_NAME and BENCH_PORT say where the database is."""
import os

SECRET_KEY = "not one"
DEBUG = False
USE_TZ = True
TIME_ZONE = "UTC"
INSTALLED_APPS = ["rest_framework", "django_socio_grpc", "bench"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
GRPC_FRAMEWORK = {"ROOT_HANDLERS_HOOK": "handlers.grpc_handlers", "GRPC_ASYNC": True}
DATABASES = {"default": {
    "ENGINE": "django.db.backends." + os.environ["BENCH_DATABASE"],
    "NAME": os.environ["BENCH_NAME"],
    "HOST": "127.0.0.1",
    "PORT": os.environ.get("BENCH_PORT", ""),
    "USER": "bench",
    # Each thread keeps its connection; by default each call would open one.
    "CONN_MAX_AGE": None,
}}
