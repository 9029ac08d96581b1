/// The numbers that the lock holds: message's full name to field's name to number.
package struct FieldNumbers: Sendable {
  /// Numbers in use, by message (`blog.Post`) and field.
  package var assigned: [String: [String: Int32]]
  /// Numbers that a message must never use again, with those of its removed fields.
  package var reserved: [String: Set<Int32>]

  package init(assigned: [String: [String: Int32]] = [:], reserved: [String: Set<Int32>] = [:]) {
    self.assigned = assigned
    self.reserved = reserved
  }
}

/// One service of a model and its messages, every number settled.
package struct ServiceShape: Sendable {
  /// Index into `Schema.models`.
  package var model: Int
  /// `PostController`.
  package var name: String
  /// The message of its rows first, then those of the actions and of the methods, in their order.
  package var messages: [MessageShape]
  package var methods: [MethodShape]

  package struct MethodShape: Sendable {
    /// The rpc's name.
    package var name: String
    /// Nil: the definitions declare the method, and a program does what it does.
    package var action: Action?
    package var doc: String?
    /// Index into `messages`.
    package var request: Int
    /// Index into `messages`; nil: `google.protobuf.Empty`.
    package var response: Int?
    package var isServerStreaming: Bool
    package var isDeprecated = false

    init(action: Action, request: Int, response: Int?) {
      name = action.rawValue
      self.action = action
      self.request = request
      self.response = response
      isServerStreaming = action == .list
    }

    init(_ method: DeclaredMethod, request: Int, response: Int?) {
      name = method.name
      doc = method.doc
      self.request = request
      self.response = response
      isServerStreaming = method.isServerStreaming
      isDeprecated = method.isDeprecated
    }
  }

  package init(model: Int, name: String, messages: [MessageShape], methods: [MethodShape]) {
    self.model = model
    self.name = name
    self.messages = messages
    self.methods = methods
  }

  /// The same rows as code asks for them: the request of each action is their message itself.
  package func ofRecords(_ actions: [Action]) -> ServiceShape {
    ServiceShape(
      model: model, name: name, messages: Array(messages.prefix(1)),
      methods: actions.map { MethodShape(action: $0, request: 0, response: 0) })
  }

  /// The message with this role, if the service has one.
  package func message(_ role: MessageShape.Role) -> MessageShape? { messages.first { $0.role == role } }
}
