"""Rows for every table, written by Django itself."""

import datetime
import decimal
import uuid

import django

django.setup()

from django.contrib.admin.models import ADDITION, LogEntry  # noqa: E402
from django.contrib.auth.models import Group, Permission, User  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.contrib.flatpages.models import FlatPage  # noqa: E402
from django.contrib.redirects.models import Redirect  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.contrib.sites.models import Site  # noqa: E402
from zoo.models import Animal, Cat, Keeper, Visit  # noqa: E402

utc = datetime.timezone.utc
user = User.objects.create_user("amy", "amy@example.org", "secret", first_name="Amy", last_login=datetime.datetime(2024, 5, 6, 7, 8, 9, 123456, utc))
User.objects.create_superuser("bob")
group = Group.objects.create(name="editors")
group.permissions.set(Permission.objects.all()[:3])
user.groups.add(group)
user.user_permissions.add(*Permission.objects.all()[:2])
page = FlatPage.objects.create(url="/about/", title="About", content="…")
page.sites.add(Site.objects.get())
Redirect.objects.create(site=Site.objects.get(), old_path="/old", new_path="/new")
session = SessionStore()
session["a"] = 1
session.save()
LogEntry.objects.create(user=user, content_type=ContentType.objects.get_for_model(User), object_id="1", object_repr="amy", action_flag=ADDITION, change_message="[]")

boss = Keeper.objects.create(name="Boss")
keeper = Keeper.objects.create(name="Keeper", boss=boss)
full = Animal.objects.create(
    best=boss, name="Leo", slug="a", about="big", email="leo@example.org", home="https://example.org", picture="leo.png", path="/x", flag=True,
    maybe=False, small=-5, number=2, big=2**53 + 1, count=7, little=1, large=2**40, weight=1.5, price=decimal.Decimal("12.5000"),
    born=datetime.date(2024, 2, 29), fed=datetime.time(12, 30, 0, 5), seen=datetime.datetime(2024, 5, 6, 7, 8, 9, tzinfo=utc),
    age=datetime.timedelta(days=3, hours=1, microseconds=7), key=uuid.UUID("0a1b2c3d-0000-4000-8000-00000000abcd"),
    data={"a": [1, None, "x"], "b": {}}, raw=b"\x00\xff", address="10.0.0.1",
)
full.keepers.set([boss, keeper])
Animal.objects.create(name="Nobody", slug="b")
Cat.objects.create(name="Tom", slug="c", lives=7)
Visit.objects.create(keeper=keeper, animal=full, at=datetime.datetime(2024, 5, 6, tzinfo=utc))
