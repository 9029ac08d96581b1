package import PillionSchema

/// What `protos/pillion.lock` holds: every message's fields and numbers and every service's rpcs, for ever.
///
/// What the definitions no longer have stays as a tombstone, marked reserved: its number is never given to anything
/// else. A field that comes back with its old name and type gets its old number back.
package struct Lock: Sendable, Equatable {
  /// Name of the file in the output folder.
  package static let fileName = "pillion.lock"

  /// By full name: `blog.Post`.
  package var messages: [String: Message]
  /// By full name: `blog.PostController`.
  package var services: [String: Service]
  /// By full name: `blog.PostLanguage`. An enum's values are kept as fields whose type is `enum`; zero is not kept, it
  /// is always the unspecified one.
  package var enums: [String: Message] = [:]
  /// Where each service stands in the file; no part of what is compared.
  var places: [String: SourceLocation] = [:]

  package init(messages: [String: Message] = [:], services: [String: Service] = [:]) {
    self.messages = messages
    self.services = services
  }

  package struct Message: Sendable, Equatable {
    /// Ascending by number; several tombstones, and one field in use, can have the same name.
    package var fields: [Field]
    /// What the model was called before it was renamed, the latest last.
    package var formerNames: [String]
    /// The definitions no longer have the message; so all its fields are reserved too.
    package var isReserved: Bool

    package init(fields: [Field] = [], formerNames: [String] = [], isReserved: Bool = false) {
      self.fields = fields
      self.formerNames = formerNames
      self.isReserved = isReserved
    }

    /// The field in use with this name.
    package func field(_ name: String) -> Field? { fields.first { $0.name == name && !$0.isReserved } }
  }

  package struct Field: Sendable, Equatable {
    /// From 1 to 536,870,911 without 19,000 to 19,999.
    package var number: Int32
    package var name: String
    /// As in the `.proto`, with its label: `string`, `repeated int32`, `optional int64`, `NullableString`,
    /// `google.protobuf.Timestamp`. A name without dots that is no scalar is a message of the same package.
    package var type: String
    /// What the field was called before it was renamed, the latest last; never given to another field unnoticed.
    package var formerNames: [String]
    package var isReserved: Bool

    package init(
      number: Int32, name: String, type: String, formerNames: [String] = [], isReserved: Bool = false
    ) {
      self.number = number
      self.name = name
      self.type = type
      self.formerNames = formerNames
      self.isReserved = isReserved
    }
  }

  package struct Service: Sendable, Equatable {
    /// By name.
    package var methods: [String: Method]
    /// The definitions no longer have the service; so all its rpcs are reserved too.
    package var isReserved: Bool

    package init(methods: [String: Method] = [:], isReserved: Bool = false) {
      self.methods = methods
      self.isReserved = isReserved
    }
  }

  package struct Method: Sendable, Equatable {
    /// Type names as in the `.proto`: `Post`, `google.protobuf.Empty`.
    package var request: String
    package var response: String
    package var isServerStreaming: Bool
    package var isReserved: Bool

    package init(request: String, response: String, isServerStreaming: Bool = false, isReserved: Bool = false) {
      self.request = request
      self.response = response
      self.isServerStreaming = isServerStreaming
      self.isReserved = isReserved
    }
  }

  package static func == (one: Lock, other: Lock) -> Bool {
    one.messages == other.messages && one.services == other.services && one.enums == other.enums
  }

  /// Where the service stands in the lock file.
  func location(ofService name: String) -> SourceLocation { places[name] ?? SourceLocation(file: Self.fileName) }

  /// Whether a message can have a field with this number: 1 to 2^29 - 1, less the range that protobuf keeps for
  /// itself ("Language Guide (proto 3)", Assigning Field Numbers).
  package static func isFieldNumber(_ number: Int32) -> Bool {
    (1...536_870_911).contains(number) && !(19_000...19_999).contains(number)
  }

  /// The numbers for shapes: those of the fields in use, and those of tombstones as never to be used again.
  package var numbers: FieldNumbers {
    var numbers = FieldNumbers()
    for (name, message) in messages {
      for field in message.fields {
        if field.isReserved {
          numbers.reserved[name, default: []].insert(field.number)
        } else {
          numbers.assigned[name, default: [:]][field.name] = field.number
        }
      }
    }
    // A value that comes back means what it meant.
    for (name, enumeration) in enums {
      for value in enumeration.fields { numbers.assigned[name, default: [:]][value.name] = value.number }
    }
    return numbers
  }

  /// `numbers`, and those of tombstones whose name and type a field of `files` has again.
  func numbers(reviving files: [ProtoFile]) -> FieldNumbers {
    var numbers = numbers
    for file in files {
      for message in file.messages {
        let name = file.fullName(message.name)
        guard let locked = messages[name], locked.fields.contains(where: \.isReserved) else { continue }
        for field in message.fields where locked.field(field.name) == nil {
          let tombstone = locked.fields.first { $0.name == field.name && Self.isSameOnWire($0.type, field.lockType) }
          if let tombstone { numbers.assigned[name, default: [:]][field.name] = tombstone.number }
        }
      }
    }
    return numbers
  }
}
