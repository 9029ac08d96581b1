import bench_pb2
from django_grpc_framework import proto_serializers

from bench.models import Post


class PostSerializer(proto_serializers.ModelProtoSerializer):
    class Meta:
        model = Post
        proto_class = bench_pb2.Post
        fields = ["id", "title", "content", "views", "rating", "published", "created"]
