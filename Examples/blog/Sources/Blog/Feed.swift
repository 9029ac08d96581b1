import GRPCCore

/// A service as grpc-swift-2 has them.
struct Feed: Blog_Feed.SimpleServiceProtocol {
  func shout(
    request: RPCAsyncSequence<Blog_FeedLine, any Error>, response: RPCWriter<Blog_FeedLine>, context: ServerContext
  ) async throws {
    for try await line in request { try await response.write(.with { $0.text = line.text.uppercased() }) }
  }
}
