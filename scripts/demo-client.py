"""A client of the demo shop: what is on the shelves, and an order. Run it while `make run` serves."""

import pathlib
import sys
import uuid

import grpc

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "protos"))
# Compiles protos/shop.proto as it is now; a program of your own would run protoc once.
shop, services = grpc.protos_and_services("shop.proto")


def main(address):
    with grpc.insecure_channel(address) as channel:
        products = services.ProductControllerStub(channel)
        orders = services.OrderControllerStub(channel)
        lines = services.OrderLineControllerStub(channel)

        print("----- List -----")
        for product in products.List(shop.ProductListRequest(order_by="price desc", page_size=5)):
            roast = product.roast.value if product.roast.HasField("value") else "-"
            print(f"{product.sku}  {product.price:>7}  {roast:8}  {product.name}")

        print("----- Create -----")
        order = orders.Create(shop.Order(number=str(uuid.uuid4()), customer=1))
        lines.Create(shop.OrderLine(order=order.id, position=1, product=1, quantity=2, unit_price="14.90"))
        print(f"order {order.id} is {order.status}, placed {order.placed.ToJsonString()}")

        print("----- PartialUpdate -----")
        request = shop.OrderPartialUpdateRequest(id=order.id)
        request.note.value = "Ring twice."
        print(f"its note: {orders.PartialUpdate(request).note.value}")

        print("----- Destroy, with its lines -----")
        orders.Destroy(shop.OrderDestroyRequest(id=order.id))
        try:
            lines.Retrieve(shop.OrderLineRetrieveRequest(order=order.id, position=1))
        except grpc.RpcError as error:
            print(error.code().name)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051")
