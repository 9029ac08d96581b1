import Pillion
import SwiftProtobuf

/// Computed fields of each kind that there is.
struct NoteHooks: SynchronousModelHooks {
  typealias Record = Blog_Note

  let model = "blog.Note"

  func present(_ note: inout Blog_Note, _ context: CallContext) {
    let words = note.text.split(separator: " ").map(String.init)
    note.letters = Int32(clamping: note.text.count)
    note.words = words
    note.first = .with { first in
      if let word = words.first { first.value = word } else { first.null = .nullValue }
    }
    note.size = words.count > 2 ? .long : .short
    note.readAt = Google_Protobuf_Timestamp(seconds: 1_709_208_000)
    note.details = Google_Protobuf_Value(structValue: [
      "words": Google_Protobuf_Value(integerLiteral: Int64(words.count))
    ])
  }
}
