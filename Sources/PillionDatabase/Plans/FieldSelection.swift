import PillionSchema
import PillionWire

/// What of a row a request asks for.
package struct FieldSelection: Sendable, Hashable {
  /// Whether it asks for everything; then nothing else counts.
  package var isWhole = false
  /// Indices of the model's fields whose own values are sent.
  package var values: Set<Int> = []
  /// Indices of the relations whose rows are sent, and what of these.
  package var rows: [Int: FieldSelection] = [:]

  package static let whole = FieldSelection(isWhole: true)

  package init(isWhole: Bool = false, values: Set<Int> = [], rows: [Int: FieldSelection] = [:]) {
    self.isWhole = isWhole
    self.values = values
    self.rows = rows
  }

  func hasValue(_ field: Int) -> Bool { isWhole || values.contains(field) }

  /// What of a relation's rows is sent; nil: nothing.
  func rows(of field: Int) -> FieldSelection? { isWhole ? .whole : rows[field] }
}

/// What a request's mask has the database read of each row, and what then goes out.
struct MaskedReading {
  let selected: FieldSelection
  /// Nil: all that is read.
  let mask: MessageMask?
}

extension ModelSQL {
  /// - Parameter isPresented: whether code of a program changes the rows on their way out. It sees what the mask names;
  ///   where that is a computed field the whole row, which the field may be made of, and the rest is taken out behind it.
  func reading(_ asked: FieldSelection?, of message: MessageShape, isPresented: Bool) -> MaskedReading {
    guard let asked, isPresented else { return MaskedReading(selected: asked ?? .whole, mask: nil) }
    return MaskedReading(
      selected: namesComputed(asked, model) ? .whole : asked, mask: mask(asked, of: message, model))
  }

  private func namesComputed(_ selection: FieldSelection, _ model: Model) -> Bool {
    if selection.values.contains(where: { model.fields[$0].isComputed }) { return true }
    return selection.rows.contains { relation, rows in
      guard let next = model.fields[relation].type.related else { return false }
      return namesComputed(rows, schema.models[next])
    }
  }

  private func mask(_ selection: FieldSelection, of message: MessageShape, _ model: Model) -> MessageMask {
    var mask = MessageMask()
    for shape in message.fields {
      switch shape.source {
      case .field(let index) where selection.hasValue(index): mask.keep(shape.number)
      case .expansion(let index):
        guard let rows = selection.rows(of: index) else { continue }
        guard !rows.isWhole, let next = model.fields[index].type.related, let inner = relations.message(of: next) else {
          mask.keep(shape.number)
          continue
        }
        mask.keep(shape.number, self.mask(rows, of: inner, schema.models[next]))
      default: continue
      }
    }
    return mask
  }
}
