from django.db import models
from django.db.backends.signals import connection_created
from django.dispatch import receiver


class Post(models.Model):
    id = models.BigAutoField(primary_key=True)
    title = models.CharField(max_length=100)
    content = models.TextField()
    views = models.IntegerField()
    rating = models.FloatField(null=True)
    published = models.BooleanField()
    created = models.DateTimeField()

    class Meta:
        ordering = ["id"]


@receiver(connection_created)
def write_as_safely_as_the_others(connection, **_):
    if connection.vendor == "sqlite":
        connection.cursor().execute("PRAGMA synchronous = FULL")
