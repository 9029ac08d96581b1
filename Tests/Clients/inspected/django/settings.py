"""Django with all of its contrib applications that have tables, and one with every kind of field."""

import os

SECRET_KEY = "only for tests"
INSTALLED_APPS = [
    "django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.messages", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.flatpages", "django.contrib.redirects", "zoo",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request", "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
SITE_ID = 1
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
if "SQLITE" in os.environ:
    DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["SQLITE"]}}
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.postgresql", "HOST": "127.0.0.1", "PORT": os.environ["PORT"], "NAME": os.environ["NAME"],
            "USER": "pillion",
        }
    }
