import Foundation
import PillionSchema
import PillionWire
import Testing

/// PillionWire against protobuf's own parser, on what Tests/Differential/wire_corpus.py has written. `PILLION_CORPUS`
/// names the file; without it, the small one that is kept in the repository.
@Suite struct CorpusTests {
  static let path =
    ProcessInfo.processInfo.environment["PILLION_CORPUS"]
    ?? URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "Differential/wire-corpus.txt").path(percentEncoded: false)

  @Test func agreesWithUPB() throws {
    let file = try Data(contentsOf: URL(filePath: Self.path))
    var checker = CorpusChecker()
    for line in [UInt8](file).split(separator: UInt8(ascii: "\n")) { try checker.check(line) }
    #expect(checker.differences.isEmpty, "\(checker.differences.count) differ:\n\(checker.report)")
    // The file was the right one, and whole.
    #expect(checker.accepted > 300)
    #expect(checker.refused > 300)
    #expect(checker.texts >= 40)
  }
}

private struct CorpusChecker: ~Copyable {
  struct Malformed: Error { var line: String }

  private var decoder = RequestDecoder(shape: .everything)
  private var message = DecodedMessage()
  private let valueDecoder = RequestDecoder(shape: MessageShape((1, .implicit, .wellKnown(.value))))
  private(set) var differences: [String] = []
  private(set) var accepted = 0
  private(set) var refused = 0
  private(set) var texts = 0

  var report: String { differences.prefix(5).joined(separator: "\n") }

  mutating func check(_ line: ArraySlice<UInt8>) throws {
    let parts = line.split(separator: UInt8(ascii: " "), maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count >= 2 else { throw Malformed(line: string(line)) }
    switch string(parts[0]) {
    case "shape": decoder = RequestDecoder(shape: try shape(string(line)))
    case "case": try checkMessage(bytes(parts[1]), expected: string(parts[2]), line)
    case "json": try checkJSON(bytes(parts[1]), expected: string(parts[2]), line)
    default: throw Malformed(line: string(line))
    }
  }

  private mutating func checkMessage(_ bytes: [UInt8], expected: String, _ line: ArraySlice<UInt8>) throws {
    let decoder = decoder
    let found = try bytes.withUnsafeBytes { raw in
      do throws(WireError) {
        try decoder.decode(raw, into: &message)
      } catch {
        return "refuse"
      }
      return "accept \(try MessageDump(shape: decoder.shape).text(of: message))"
    }
    if found == "refuse" { refused += 1 } else { accepted += 1 }
    note(found, expected, line)
  }

  private mutating func checkJSON(_ json: [UInt8], expected: String, _ line: ArraySlice<UInt8>) throws {
    texts += 1
    var writer = WireWriter()
    writer.append(tag: 1, wireType: .lengthDelimited)
    let mark = writer.beginLengthDelimited()
    do {
      try json.withUnsafeBytes { try writer.append(value: $0) }
    } catch is WireError {
      return note("refuse", expected, line)
    }
    writer.endLengthDelimited(mark)
    let text = try valueDecoder.dump(Array(writer.bytes))
    note("accept \(text.dropFirst(2))", expected, line)
  }

  private mutating func note(_ found: String, _ expected: String, _ line: ArraySlice<UInt8>) {
    if found.trimmingCharacters(in: .whitespaces) != expected {
      let shape = decoder.shape.fields.map { "\($0.number) \($0.label) \($0.type)" }
      differences.append(
        "\(string(line.prefix(2000)))\n  found: \(found.prefix(2000))\n  shape: \(shape.joined(separator: ", "))"
      )
    }
  }

  // MARK: The file's form

  private func string(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

  private func bytes(_ hex: ArraySlice<UInt8>) -> [UInt8] {
    func digit(_ character: UInt8) -> UInt8 { character < 0x3A ? character - 0x30 : character - 0x57 }
    return stride(from: hex.startIndex, to: hex.endIndex - 1, by: 2).map { digit(hex[$0]) << 4 | digit(hex[$0 + 1]) }
  }

  private func shape(_ line: String) throws -> MessageShape {
    let fields = try line.split(separator: " ").dropFirst().map { text in
      let parts = text.split(separator: ":")
      guard parts.count == 3, let number = Int32(parts[0]), let type = type(parts[2]) else {
        throw Malformed(line: line)
      }
      let labels: [Substring: FieldShape.Label] = ["optional": .optional, "repeated": .repeated, "implicit": .implicit]
      guard let label = labels[parts[1]] else { throw Malformed(line: line) }
      return FieldShape(name: "f\(number)", number: number, type: type, label: label, source: .field(0))
    }
    return MessageShape(role: .model, name: "Message", fields: fields)
  }

  private func type(_ text: Substring) -> ProtoType? {
    let parts = text.split { $0 == "(" || $0 == ")" }
    guard let name = parts.last else { return nil }
    let element: ProtoElement
    if let scalar = ProtoScalar(rawValue: String(name)) {
      element = .scalar(scalar)
    } else if let type = WellKnownType(rawValue: "google.protobuf." + name.capitalized) {
      element = .wellKnown(type)
    } else {
      return nil
    }
    switch (parts.count == 2 ? parts[0] : "", element) {
    case ("", .scalar(let scalar)): return .scalar(scalar)
    case ("", .wellKnown(let type)): return .wellKnown(type)
    case ("wrapper", .scalar(let scalar)): return .wrapper(scalar)
    case ("nullable", let element): return .nullable(element)
    default: return nil
    }
  }
}
