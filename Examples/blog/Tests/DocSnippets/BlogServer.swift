import Blog
import Foundation
import Pillion

/// The example's, where the documents have the reader's, which finds its files in the folder that tests are run in.
enum BlogServer {
  private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  static func make() -> Server { Blog.BlogServer.make(folder: folder) }
}
