from django_socio_grpc.services.app_handler_registry import AppHandlerRegistry

from bench.services import PostService


def grpc_handlers(server):
    AppHandlerRegistry("bench", server).register(PostService)
