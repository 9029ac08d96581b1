"""Walks through the pages of a List or a ListPage."""

TRAILER = "pillion-next-page-token"


def pages(method, wants_token=False, **request):
    """The rows of each page, with the next page's token where it is wanted."""
    token = ""
    while True:
        if method.descriptor.server_streaming:
            call = method.start(page_token=token, **request)
            rows = list(call)
            token = dict(call.trailing_metadata()).get(TRAILER, "")
        else:
            answer = method(page_token=token, **request)
            rows, token = list(answer.results), answer.next_page_token
        yield (rows, token) if wants_token else rows
        if not token:
            return
