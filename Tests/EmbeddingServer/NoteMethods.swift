import Pillion
import SwiftProtobuf

/// Methods that the definitions declare for `NoteController`.
enum NoteMethods {
  static let all: [ServiceMethod] = [draft, words, count, forget]

  /// The note with another text, which is stored nowhere.
  private static let draft = ServiceMethod.unary("Draft") { (request: Blog_NoteDraftRequest, context) in
    var note = try await note(request.id, context)
    note.text = ([request.text] + request.tags).joined(separator: " ")
    if request.tone == .loud { note.text = note.text.uppercased() }
    if case .value(let time)? = request.until.kind { note.readAt = time }
    return note
  }

  private static let words = ServiceMethod.serverStreaming("Words") {
    (request: Blog_NoteWordsRequest, answers: MessageWriter<Blog_NoteWordsResponse>, context: CallContext) in
    for word in try await note(request.id, context).text.split(separator: " ") {
      try await answers.write(.with { $0.word = String(word) })
    }
  }

  private static let count = ServiceMethod.unary("Count") { (request: Blog_NoteCountRequest, context) in
    let found = try await context.database.transaction { try await $0.query(Blog_Note.self).count() }
    return Blog_NoteCountResponse.with {
      $0.notes = Int64(found)
      if let name = context.principal ?? context.metadata["x-name"] {
        $0.by.value = name
      } else {
        $0.by.null = .nullValue
      }
    }
  }

  private static let forget = ServiceMethod.unary("Forget") { (request: Blog_NoteForgetRequest, context) in
    try await context.database.delete(note(request.id, context))
    return Google_Protobuf_Empty()
  }.mutating()

  private static func note(_ id: Int64, _ context: CallContext) async throws -> Blog_Note {
    guard let note = try await context.database.query(Blog_Note.self).filter("id = $1", .integer(id)).first() else {
      throw Status(.notFound, "There is no note \(id).")
    }
    return note
  }
}

/// A service of the definitions that has nothing but methods.
struct NoteKeeper: Service {
  let name = "blog.NoteKeeper"

  var methods: [ServiceMethod] {
    [
      .unary("Keep") { (request: Blog_NoteKeepRequest, _: CallContext) in Blog_Note.with { $0.id = request.id } }
    ]
  }
}
