internal import CPillionYAML

/// The events of a YAML text, one after the other, as libyaml finds them (YAML 1.1's syntax); the only file that knows
/// libyaml.
final class YAMLEvents {
  struct Event {
    enum Kind {
      case scalar(String, isPlain: Bool)
      /// The anchor that it refers to.
      case alias(String)
      case listStart, listEnd
      case mappingStart, mappingEnd
      case documentStart, documentEnd
      case streamStart, streamEnd
    }
    var kind: Kind
    var anchor: String?
    /// `tag:yaml.org,2002:str` of `!!str`; nil: none.
    var tag: String?
    var mark: Mark
  }

  /// A place in the text; both count from 0, the column in Unicode scalars.
  struct Mark {
    var line: Int
    var column: Int
  }

  struct Failure: Error {
    var message: String
    /// Nil: nobody knows where.
    var mark: Mark?
  }

  /// Both have to stay where they are for as long as libyaml reads.
  private let parser: UnsafeMutablePointer<yaml_parser_t>
  private let text: UnsafeMutableBufferPointer<UInt8>
  private let isReady: Bool

  init(_ bytes: some Collection<UInt8>) {
    parser = .allocate(capacity: 1)
    parser.initialize(to: yaml_parser_t())
    text = .allocate(capacity: bytes.count)
    _ = text.initialize(fromContentsOf: bytes)
    isReady = yaml_parser_initialize(parser) == 1
    guard isReady else { return }
    yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(parser, text.baseAddress, text.count)
  }

  deinit {
    if isReady { yaml_parser_delete(parser) }
    parser.deallocate()
    text.deallocate()
  }

  /// The next event; behind the last, `streamEnd` again and again.
  func next() throws(Failure) -> Event {
    guard isReady else { throw Failure(message: Self.unreadable) }
    var event = yaml_event_t()
    guard yaml_parser_parse(parser, &event) == 1 else { throw failure }
    defer { yaml_event_delete(&event) }
    let mark = Mark(event.start_mark)
    switch event.type {
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
      return Event(
        kind: .scalar(String(decoding: value, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE),
        anchor: Self.string(scalar.anchor), tag: Self.string(scalar.tag), mark: mark)
    case YAML_SEQUENCE_START_EVENT:
      let start = event.data.sequence_start
      return Event(kind: .listStart, anchor: Self.string(start.anchor), tag: Self.string(start.tag), mark: mark)
    case YAML_MAPPING_START_EVENT:
      let start = event.data.mapping_start
      return Event(kind: .mappingStart, anchor: Self.string(start.anchor), tag: Self.string(start.tag), mark: mark)
    case YAML_ALIAS_EVENT: return Event(kind: .alias(Self.string(event.data.alias.anchor) ?? ""), mark: mark)
    case YAML_SEQUENCE_END_EVENT: return Event(kind: .listEnd, mark: mark)
    case YAML_MAPPING_END_EVENT: return Event(kind: .mappingEnd, mark: mark)
    case YAML_DOCUMENT_START_EVENT: return Event(kind: .documentStart, mark: mark)
    case YAML_DOCUMENT_END_EVENT: return Event(kind: .documentEnd, mark: mark)
    case YAML_STREAM_START_EVENT: return Event(kind: .streamStart, mark: mark)
    default: return Event(kind: .streamEnd, mark: mark)
    }
  }

  private static let unreadable = "cannot be read as YAML"

  /// Why the parser does not go on.
  private var failure: Failure {
    switch parser.pointee.error {
    case YAML_SCANNER_ERROR, YAML_PARSER_ERROR, YAML_COMPOSER_ERROR:
      let texts = [parser.pointee.context, parser.pointee.problem].compactMap { $0.map { String(cString: $0) } }
      return Failure(message: texts.joined(separator: ", "), mark: Mark(parser.pointee.problem_mark))
    default: return Failure(message: Self.unreadable)
    }
  }

  private static func string(_ bytes: UnsafeMutablePointer<yaml_char_t>?) -> String? {
    bytes.map { String(cString: $0) }
  }
}

extension YAMLEvents.Mark {
  fileprivate init(_ mark: yaml_mark_t) {
    self.init(line: Int(clamping: mark.line), column: Int(clamping: mark.column))
  }
}
