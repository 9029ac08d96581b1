import Testing

@testable import PillionTransport

@Suite struct RouterTests {
  private func lookup(_ router: Router, _ path: String) -> String? {
    Array(path.utf8).withUnsafeBufferPointer { router.lookup($0) }?.method.path
  }

  @Test func `every path of many is found and no other`() {
    let paths = (0..<2000).map { "/blog.v\($0 % 7).Post\($0)Controller/Retrieve" }
    let router = Router(methods: paths.map { (MethodDescriptor(path: $0), UnknownMethod()) })
    for path in paths { #expect(lookup(router, path) == path) }
    for path in paths.prefix(100) {
      #expect(lookup(router, path + "/") == nil)
      #expect(lookup(router, String(path.dropLast())) == nil)
      #expect(lookup(router, path.lowercased()) == nil)
      #expect(lookup(router, "/" + path) == nil)
    }
    #expect(Set(router.paths) == Set(paths))
  }

  @Test func `an empty table and odd paths`() {
    let empty = Router(methods: [])
    for path in ["", "/", "/a", "\u{0}", String(repeating: "x", count: 5000)] { #expect(lookup(empty, path) == nil) }
    let router = Router(methods: [(MethodDescriptor(path: ""), UnknownMethod())])
    #expect(lookup(router, "") == "")
    #expect(lookup(router, "/") == nil)
  }

  @Test func `of two equal paths the first is kept`() {
    let router = Router(methods: [
      (MethodDescriptor(path: "/a/B", isServerStreaming: true), UnknownMethod()),
      (MethodDescriptor(path: "/a/B"), UnknownMethod()),
    ])
    let route = Array("/a/B".utf8).withUnsafeBufferPointer { router.lookup($0) }
    #expect(route?.method.isServerStreaming == true)
    #expect(router.paths == ["/a/B"])
  }
}
