// swift-format-ignore-file
// Written by scripts/doc-snippets from Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md; not to be edited.
@testable import Blog
import Pillion
import PillionTesting

extension DocAProgramOfYourOwn {
  static func block2(context: CallContext, database: Database, server: inout Server, test: TestServer) async throws {
#sourceLocation(file: "Sources/Pillion/Pillion.docc/AProgramOfYourOwn.md", line: 61)
BlogServer.make().main()
#sourceLocation()
  }
}
