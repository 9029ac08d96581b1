// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion

extension DocAProgramOfYourOwn {
  enum Block5 {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 140)
public enum BlogServer {
  public static func make(folder: String = ".") -> Server {
    var server = Server(
      configuration: "\(folder)/pillion.yaml",
      settings: ["models": "\(folder)/models", "protos": "\(folder)/protos"])
    server.add(PostHooks())
    server.add(publish, to: "blog.PostController")
    return server
  }
}
#sourceLocation()
  }
}
