import PillionInterceptors
import Testing

@Suite struct MethodPatternTests {
  @Test(arguments: [
    ("blog.PostController/*", "/blog.PostController/List", true),
    ("/blog.PostController/*", "/blog.PostController/List", true),
    ("blog.PostController/*", "/blog.PostControllerX/List", false),
    ("blog.PostController/List", "/blog.PostController/ListPage", false),
    ("*/{List,Retrieve}", "/blog.PostController/Retrieve", true),
    ("*/{List, Retrieve}", "/blog.PostController/Retrieve", true),
    ("*/{List,Retrieve}", "/blog.PostController/Destroy", false),
    ("*/{List,Retrieve}", "/List", false),
    ("{blog,shop}.*/Get*", "/shop.Cart/GetItem", true),
    ("{blog,shop}.*/Get*", "/crm.Cart/GetItem", false),
    ("blog.*Controller/*", "/blog.v1.PostController/List", true),
    ("*.*/*", "/blog.Post/List", true),
    ("*.*/*", "/Post/List", false),
    ("*/*", "/Post/List", true),
    ("*", "anything", true),
  ])
  func matching(_ pattern: String, _ path: String, _ expected: Bool) throws {
    #expect(try MethodPattern(pattern).matches(path) == expected)
  }

  /// Other spellings of a path are other paths.
  @Test(arguments: [
    "", "/", "//", "blog.Post/List", "//blog.Post/List", "/blog.Post//List", "/blog.Post/List/", "/blog.Post/",
    "/blog.Post", "/BLOG.POST/List/x", "/blog.Post/List?x=/", "/a/b/c",
  ])
  func otherSpellings(_ path: String) throws {
    #expect(try !MethodPattern("*/*").matches(path))
    #expect(try !MethodPattern("blog.Post/List").matches(path))
  }

  @Test func caseAndEscapesCount() throws {
    let pattern = try MethodPattern("blog.Post/List")
    for path in ["/blog.post/List", "/blog.Post/list", "/blog.Post%2FList", "/blog.Post/List\0", "/blog.Post/Lis%74"] {
      #expect(!pattern.matches(path))
    }
  }

  @Test(arguments: [
    "", "List", "a/b/c", "/a/b/c", "a/", "/b", "a/{b", "a/b}", "a/{}", "a/{b,}", "a/{b{c}}", "a b/c", "a/ü",
  ])
  func malformed(_ text: String) { #expect(throws: MethodPattern.Malformed.self) { try MethodPattern(text) } }

  @Test func manySpellings() {
    let choice = "{" + (0..<17).map { "a\($0)" }.joined(separator: ",") + "}"
    #expect(throws: MethodPattern.Malformed.self) { try MethodPattern("\(choice)/\(choice)") }
  }
}
