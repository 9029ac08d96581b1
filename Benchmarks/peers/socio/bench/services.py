from django_socio_grpc import generics, mixins
from django_socio_grpc.decorators import grpc_action

from bench.models import Post
from bench.serializers import PostSerializer


class PostService(mixins.AsyncStreamModelMixin, generics.AsyncModelService):
    queryset = Post.objects.all()
    serializer_class = PostSerializer

    # Its own List answers with one message; the proto's is what it calls Stream.
    @grpc_action(
        request=[
            {"name": "page_size", "type": "int32"},
            {"name": "id_from", "type": "int64"},
            {"name": "published_only", "type": "bool"},
        ],
        request_name="PostListRequest",
        response=PostSerializer,
        response_stream=True,
    )
    async def List(self, request, context):
        async for message in self.Stream(request, context):
            yield message

    async def afilter_queryset(self, queryset):
        if self.action == "List":
            if self.request.id_from:
                queryset = queryset.filter(id__gte=self.request.id_from)
            if self.request.published_only:
                queryset = queryset.filter(published=True)
            if self.request.page_size:
                queryset = queryset[: self.request.page_size]
        return queryset
