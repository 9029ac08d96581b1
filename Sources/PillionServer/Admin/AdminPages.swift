import NIOCore
import NIOHTTP1

/// What one path of the admin port answers.
struct AdminPage: Sendable {
  var status = HTTPResponseStatus.ok
  var contentType = "text/plain; charset=utf-8"
  var body = ""
}

/// The pages of the admin port.
protocol AdminPages: Sendable {
  /// The page at `path`, which has no query; nil: there is none. Called on `eventLoop`, which must not be blocked.
  func page(_ path: String, on eventLoop: any EventLoop) -> EventLoopFuture<AdminPage>?
}
