import PillionDatabase
import PillionWire

/// Runs the steps of one operation on a connection; keeps the buffers for it from one to the next.
final class OperationRunner {
  private let rows = RowBuffer()
  private var writer = WireWriter()

  /// Runs all steps until one fails or finds no row. The transaction around them is the caller's.
  func run(_ operation: Operation, on connection: Connection) -> Operation.Outcome {
    connection.watch.begin(operation)
    defer { connection.watch.end() }
    // The values are bound where they are: the bytes stay put until the last statement has been reset.
    return operation.bound.parameters.bytes.withUnsafeBytes { bytes in
      var captured: Parameters?
      var message: [UInt8]?
      // By index: a loop over the steps would take hold of all of them, which the event loops and other lanes do, too.
      for index in operation.bound.steps.indices {
        let step = operation.bound.steps[index]
        do throws(DatabaseError) {
          let prepared = try connection.prepared(step.statement)
          defer { prepared.reset() }
          try prepared.bind(step.parameters, of: operation.bound.parameters, bytes: bytes)
          if step.takesCapture, let captured {
            let first = Int32(clamping: step.parameters.count &+ 1)
            try prepared.bind(captured.entries.indices, of: captured, bytes: nil, from: first)
          }
          let hasRow = try prepared.step()
          if hasRow {
            switch step.effect {
            case .none, .requireRow, .permitRow: break
            case .captureRow: captured = Parameters(copying: try rows.read(prepared))
            case .respond(let encoder): message = try encode(prepared, with: encoder)
            }
            // A statement with RETURNING checks its foreign keys when it ends.
            if !prepared.isReadOnly { while try prepared.step() {} }
          } else if let outcome = step.effect.outcomeWithoutRow {
            return outcome
          }
        } catch {
          return .failed(connection.explained(error))
        }
      }
      return message.map { .message($0) } ?? .done
    }
  }

  private func encode(_ statement: PreparedStatement, with encoder: RowEncoder) throws(DatabaseError) -> [UInt8] {
    writer.removeAll()
    try encoder.encodeFramed(try rows.read(statement), into: &writer)
    return Array(writer.bytes)
  }
}

extension Step.Effect {
  /// How the operation ends where the step has no row; nil: it goes on.
  fileprivate var outcomeWithoutRow: Operation.Outcome? {
    switch self {
    case .none: nil
    case .requireRow, .captureRow, .respond: .notFound
    case .permitRow: .denied
    }
  }
}
