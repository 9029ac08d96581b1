"""django-machina: a forum with topics, posts, polls and permissions."""

import tempfile

import database

database.setup(
    "mptt", "haystack", "widget_tweaks", "machina", "machina.apps.forum", "machina.apps.forum_conversation",
    "machina.apps.forum_conversation.forum_attachments", "machina.apps.forum_conversation.forum_polls", "machina.apps.forum_feeds",
    "machina.apps.forum_moderation", "machina.apps.forum_search", "machina.apps.forum_tracking", "machina.apps.forum_member",
    "machina.apps.forum_permission",
    MEDIA_ROOT=tempfile.mkdtemp(), HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
    CACHES={name: {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": name} for name in ("default", "machina_attachments")},
)

from django.contrib.auth.models import User  # noqa: E402
from machina.apps.forum.models import Forum  # noqa: E402
from machina.apps.forum_conversation.forum_polls.models import TopicPoll, TopicPollOption, TopicPollVote  # noqa: E402
from machina.apps.forum_conversation.models import Post, Topic  # noqa: E402

user = User.objects.create_user("amy")
top = Forum.objects.create(name="Top", type=Forum.FORUM_CAT)
forum = Forum.objects.create(name="Below", type=Forum.FORUM_POST, parent=top)
topic = Topic.objects.create(forum=forum, subject="Hello", poster=user, type=Topic.TOPIC_POST, status=Topic.TOPIC_UNLOCKED)
topic.subscribers.add(user)
for number in range(3):
    Post.objects.create(topic=topic, poster=user, subject=f"Post {number}", content="Some *text*.")
poll = TopicPoll.objects.create(topic=topic, question="Well?", duration=3)
option = TopicPollOption.objects.create(poll=poll, text="Yes")
TopicPollVote.objects.create(poll_option=option, voter=user)
