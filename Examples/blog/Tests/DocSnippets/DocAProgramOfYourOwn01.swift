// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion

extension DocAProgramOfYourOwn {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 48)
public enum BlogServer {
  /// - Parameter folder: where `models/`, `protos/` and `pillion.yaml` are.
  public static func make(folder: String = ".") -> Server {
    Server(
      configuration: "\(folder)/pillion.yaml",
      settings: ["models": "\(folder)/models", "protos": "\(folder)/protos"])
  }
}
#sourceLocation()
}
