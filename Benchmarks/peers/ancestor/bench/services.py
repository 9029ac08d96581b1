from django_grpc_framework import generics, mixins

from bench.models import Post
from bench.serializers import PostSerializer


class PostService(mixins.PartialUpdateModelMixin, generics.ModelService):
    queryset = Post.objects.all()
    serializer_class = PostSerializer

    def filter_queryset(self, queryset):
        if self.action == "List":
            if self.request.id_from:
                queryset = queryset.filter(id__gte=self.request.id_from)
            if self.request.published_only:
                queryset = queryset.filter(published=True)
            if self.request.page_size:
                queryset = queryset[: self.request.page_size]
        return queryset
