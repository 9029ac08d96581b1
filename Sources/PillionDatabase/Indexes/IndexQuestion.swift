import Synchronization

/// Whether indexes serve one shape of query: asked of the database once, as values and pages do not matter to it.
package final class IndexQuestion: Sendable {
  /// The part of a query that no index serves.
  package enum Part: Sendable, Hashable { case filter, order }

  package enum Answer: Sendable, Hashable { case served, lacking }

  package let part: Part
  package let need: IndexNeed
  /// The part as SQL, for people.
  package let sql: String
  /// What would serve it.
  package let advice: IndexAdvice

  private struct State {
    var answer: Answer?
    /// Monotonic nanoseconds.
    var time: UInt64 = 0
    var isAsked = false
  }
  private let state = Mutex(State())
  /// A lack is asked about again after so long, as somebody may have made the index: nanoseconds.
  private static let lifetime: UInt64 = 5_000_000_000

  package init(_ part: Part, need: IndexNeed, sql: String, advice: IndexAdvice) {
    self.part = part
    self.need = need
    self.sql = sql
    self.advice = advice
  }

  /// What is known; nil: it is to be asked. `now` in monotonic nanoseconds.
  package func answer(now: UInt64) -> Answer? {
    state.withLock { state in
      guard state.answer == .lacking, now >= state.time &+ Self.lifetime else { return state.answer }
      return nil
    }
  }

  /// Whether the answer is another than before.
  package func settle(_ answer: Answer, now: UInt64) -> Bool {
    state.withLock { state in
      defer { (state.answer, state.time) = (answer, now) }
      return state.answer != answer
    }
  }

  /// Whether the caller is the first to ask, and so the one who is to.
  package func claim() -> Bool {
    state.withLock { state in
      defer { state.isAsked = true }
      return !state.isAsked
    }
  }

  /// It was not answered, so somebody else is to ask.
  package func release() { state.withLock { $0.isAsked = false } }
}

/// What indexes have to do for a query, in statements on one table each: how a planner joins tables depends on their
/// sizes of today, whether an index can enter one does not.
package indirect enum IndexNeed: Sendable {
  /// Find the rows of this statement.
  case find(Statement)
  /// Give the rows of this statement in its order.
  case order(Statement)
  case all([IndexNeed])
  /// One of them is enough.
  case any([IndexNeed])
  /// No index helps.
  case impossible

  /// Asks the database; stops where the answer is settled.
  package func isMet(on connection: any AdminConnection) throws(DatabaseError) -> Bool {
    switch self {
    case .find(let statement): return try !ExplainedPlan.explain(statement, sorting: true, on: connection).readsWhole
    case .order(let statement): return try !ExplainedPlan.explain(statement, sorting: false, on: connection).sorts
    case .all(let needs):
      for need in needs { guard try need.isMet(on: connection) else { return false } }
      return true
    case .any(let needs):
      for need in needs { if try need.isMet(on: connection) { return true } }
      return false
    case .impossible: return false
    }
  }
}

/// Which indexes would serve a query, for the one who may make them and for the client.
package struct IndexAdvice: Sendable, Hashable {
  package struct Index: Sendable, Hashable {
    /// `CREATE INDEX …`
    package var statement: String
    /// In the names of the definitions: `(author, created) of Post`.
    package var name: String
  }

  package var indexes: [Index] = []
  /// What to do where no index helps.
  package var remark = ""

  /// A sentence without its end.
  package var text: String {
    guard !indexes.isEmpty else { return remark }
    let names = indexes.map(\.name).joined(separator: " and on ")
    return "an index on \(names) would serve it"
  }
}
