"""Wagtail: a CMS with trees of pages, revisions and permissions."""

import tempfile

import database

database.setup(
    "wagtail.contrib.forms", "wagtail.contrib.redirects", "wagtail.contrib.search_promotions", "wagtail.embeds", "wagtail.sites", "wagtail.users",
    "wagtail.snippets", "wagtail.documents", "wagtail.images", "wagtail.search", "wagtail.admin", "wagtail", "modelcluster", "taggit",
    MEDIA_ROOT=tempfile.mkdtemp(), ROOT_URLCONF="database", STATIC_URL="/static/", WAGTAIL_SITE_NAME="Test", WAGTAILADMIN_BASE_URL="http://localhost",
)

from django.contrib.auth.models import User  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from wagtail.contrib.redirects.models import Redirect  # noqa: E402
from wagtail.documents.models import Document  # noqa: E402
from wagtail.models import Page, Site  # noqa: E402

user = User.objects.create_superuser("amy")
page = Site.objects.get().root_page.add_child(instance=Page(title="Größe", slug="groesse", owner=user))
page.save_revision(user=user).publish()
page.save_revision(user=user)
document = Document.objects.create(title="Paper", file=ContentFile(b"text", "paper.txt"), uploaded_by_user=user)
document.tags.add("one", "two")
Redirect.objects.create(old_path="/old", redirect_page=page)
