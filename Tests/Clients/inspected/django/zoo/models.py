import uuid

from django.db import models


class Keeper(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    name = models.CharField(max_length=40, unique=True)
    boss = models.ForeignKey("self", null=True, on_delete=models.SET_NULL)


class Animal(models.Model):
    """Every field that Django has."""

    keepers = models.ManyToManyField(Keeper)
    best = models.OneToOneField(Keeper, null=True, on_delete=models.PROTECT, related_name="+")
    name = models.CharField(max_length=30, db_comment="What it is called.")
    slug = models.SlugField()
    about = models.TextField(blank=True)
    email = models.EmailField(null=True)
    home = models.URLField(null=True)
    picture = models.FileField(null=True)
    path = models.FilePathField(null=True)
    flag = models.BooleanField(default=False)
    maybe = models.BooleanField(null=True)
    small = models.SmallIntegerField(null=True)
    number = models.IntegerField(null=True, choices=[(1, "one"), (2, "two")])
    big = models.BigIntegerField(null=True)
    count = models.PositiveIntegerField(null=True)
    little = models.PositiveSmallIntegerField(null=True)
    large = models.PositiveBigIntegerField(null=True)
    weight = models.FloatField(null=True)
    price = models.DecimalField(max_digits=12, decimal_places=4, null=True)
    born = models.DateField(null=True)
    fed = models.TimeField(null=True)
    seen = models.DateTimeField(null=True)
    age = models.DurationField(null=True)
    key = models.UUIDField(null=True)
    data = models.JSONField(null=True)
    raw = models.BinaryField(null=True)
    address = models.GenericIPAddressField(null=True)
    length = models.GeneratedField(expression=models.F("big") * 2, output_field=models.BigIntegerField(), db_persist=True)
    counted = models.IntegerField(db_default=5)

    class Meta:
        db_table_comment = "Who lives here."
        unique_together = [("name", "slug")]
        constraints = [
            models.CheckConstraint(condition=models.Q(weight__gte=0), name="has_weight"),
            models.CheckConstraint(condition=models.Q(slug__in=["a", "b", "c"]), name="known_slug"),
        ]


class Cat(Animal):
    lives = models.PositiveIntegerField(default=9)


class Visit(models.Model):
    """A join table that holds more."""

    keeper = models.ForeignKey(Keeper, on_delete=models.CASCADE)
    animal = models.ForeignKey(Animal, on_delete=models.CASCADE)
    at = models.DateTimeField()
