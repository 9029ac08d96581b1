/// Which methods are meant: `blog.PostController/*`, `*/{List,Retrieve}`, `*`.
///
/// Service and method, each with `*` for anything (dots of a package included, never a `/`) and `{a,b}` for one of
/// several; `*` alone is every path there can be. Compared byte for byte with the path that is dispatched: there is one
/// spelling of it, and what does not look like `/service/method` is only matched by `*`.
package struct MethodPattern: Sendable, Hashable, CustomStringConvertible {
  /// What is wrong with a pattern.
  package struct Malformed: Error, Sendable, CustomStringConvertible {
    package let description: String
  }

  private static let maximumSpellings = 256

  package let description: String
  /// Each as the parts of service and method with anything between them; empty: every path.
  private let spellings: [(service: [[UInt8]], method: [[UInt8]])]

  package init(_ text: String) throws(Malformed) {
    description = text
    if text == "*" {
      spellings = []
      return
    }
    // Clients write paths with a slash in front.
    let body = text.hasPrefix("/") ? text.dropFirst() : text[...]
    let halves = body.split(separator: "/", omittingEmptySubsequences: false)
    guard halves.count == 2, halves.allSatisfy({ !$0.isEmpty }) else {
      throw Malformed(description: "expected service/method, such as blog.PostController/* or */{List,Retrieve}, or *")
    }
    let services = try Self.spellings(halves[0])
    let methods = try Self.spellings(halves[1])
    guard services.count * methods.count <= Self.maximumSpellings else {
      throw Malformed(description: "stands for more than \(Self.maximumSpellings) spellings")
    }
    spellings = services.flatMap { service in methods.map { (service, $0) } }
  }

  /// Whether a path that the server dispatches, or one that it does not know, is meant.
  package func matches(_ path: String) -> Bool {
    if spellings.isEmpty { return true }
    var path = path
    return path.withUTF8 { bytes in
      let slash = UInt8(ascii: "/")
      guard bytes.first == slash, let second = bytes.dropFirst().firstIndex(of: slash), second > 1,
        second + 1 < bytes.count, !bytes[(second + 1)...].contains(slash)
      else { return false }
      let service = bytes[1..<second]
      let method = bytes[(second + 1)...]
      return spellings.contains { Self.matches(service, $0.service) && Self.matches(method, $0.method) }
    }
  }

  private static func matches(_ text: Slice<UnsafeBufferPointer<UInt8>>, _ parts: [[UInt8]]) -> Bool {
    guard let first = parts.first, let last = parts.last else { return false }
    if parts.count == 1 { return text.elementsEqual(first) }
    guard text.count >= first.count + last.count, text.starts(with: first), text.suffix(last.count).elementsEqual(last)
    else { return false }
    var rest = text.dropFirst(first.count).dropLast(last.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
      while rest.count >= part.count, !rest.starts(with: part) { rest = rest.dropFirst() }
      guard rest.count >= part.count else { return false }
      rest = rest.dropFirst(part.count)
    }
    return true
  }

  /// Every text that the braces allow, parted at its asterisks.
  private static func spellings(_ text: Substring) throws(Malformed) -> [[[UInt8]]] {
    var texts = [""]
    var rest = text
    while let open = rest.firstIndex(where: { $0 == "{" || $0 == "}" }) {
      guard rest[open] == "{", let close = rest[open...].firstIndex(of: "}") else {
        throw Malformed(description: "has a brace without the other")
      }
      let choices = rest[rest.index(after: open)..<close].split(separator: ",", omittingEmptySubsequences: false)
        .map { choice in choice.filter { $0 != " " } }
      guard choices.allSatisfy({ !$0.isEmpty && !$0.contains("{") }) else {
        throw Malformed(description: "expected names between braces, such as {List,Retrieve}")
      }
      let before = rest[..<open]
      texts = texts.flatMap { text in choices.map { text + before + $0 } }
      guard texts.count <= maximumSpellings else {
        throw Malformed(description: "stands for more than \(maximumSpellings) spellings")
      }
      rest = rest[rest.index(after: close)...]
    }
    return try texts.map { (text) throws(Malformed) in
      let whole = text + rest
      let isName = whole.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "*"):
          true
        default: false
        }
      }
      guard isName else { throw Malformed(description: "'\(whole)' is no name of a service or method") }
      return whole.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false).map(Array.init)
    }
  }

  package static func == (first: MethodPattern, second: MethodPattern) -> Bool {
    first.description == second.description
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(description) }
}
