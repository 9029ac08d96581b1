import PillionDatabase
import PillionQuery
import PillionSchema
import PillionTransport
import PillionWire

/// Reads the request that List and ListPage share.
struct ListRequest: Sendable {
  let plan: ListPlan
  let policy: ListPolicy
  /// Nil where the service asks for no index.
  let indexes: IndexGuard?
  private let decoder: RequestDecoder
  private let paths: PathResolver
  /// Rows that one call gives at most; nil: all.
  private let maximum: Int?
  /// Rows when the request does not say; nil: as many as `maximum`.
  private let standard: Int?
  /// The model's own order as text.
  private let ownOrder: String

  init(plan: ListPlan, policy: ListPolicy, isPage: Bool) {
    self.plan = plan
    self.policy = policy
    indexes = policy.indexGuard(of: plan.model.service)
    decoder = RequestDecoder(shape: plan.request)
    let (model, schema) = (plan.model, plan.schema)
    paths = PathResolver(model: model, schema: schema, limits: policy.limits)
    ownOrder = model.ordering.map { ($0.descending ? "-" : "") + schema.text(of: $0.path, from: model) }
      .joined(separator: ",")
    let configured = plan.model.service.maximumPageSize ?? policy.maximumPageSize
    maximum = isPage ? configured ?? ListPolicy.largestPage : configured
    standard = isPage ? plan.model.service.defaultPageSize ?? policy.defaultPageSize : nil
  }

  /// What a call asks of the database.
  struct Call {
    var query: ListQuery
    var bound: BoundList
    /// The service's, or that of the caller's row filters.
    var plan: ListPlan
    var admission: ServiceAccess.Admission?
    /// What its page token is bound to.
    var digest: [UInt8]
  }

  func decode(_ bytes: UnsafeRawBufferPointer, into message: inout DecodedMessage) throws(WireError) {
    try decoder.decode(bytes, into: &message)
  }

  /// Adds every violation it finds, and returns nil if there were any.
  func call(
    _ message: DecodedMessage, _ admission: ServiceAccess.Admission? = nil, now: WallTime,
    violations: inout [FieldViolation]
  ) -> Call? {
    let plan = admission?.rows?.plans.list ?? plan
    var query = ListQuery()
    var texts = Texts()
    var pageSize = 0
    for (index, field) in plan.request.fields.enumerated() {
      let slot = message.slots[index]
      guard slot.state == .present else { continue }
      func text() -> String { message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) } }
      func violation(_ description: String) {
        violations.append(FieldViolation(field: field.name, description: description))
      }
      switch field.source {
      case .filter:
        texts.filter = text()
        do throws(QueryError) {
          query.filter = try Filter.parse(texts.filter, paths: paths, limits: policy.limits)
        } catch { violation(error.description) }
      case .orderBy:
        texts.order = text()
        do throws(QueryError) {
          let terms = try OrderBy.parse(texts.order, paths: paths)
          if !terms.isEmpty { query.order = terms }
        } catch { violation(error.description) }
      case .pageSize:
        pageSize = Int(truncatingIfNeeded: Int64(bitPattern: slot.word))
        if pageSize < 0 { violation("must not be negative") }
      case .pageToken: texts.token = text()
      case .readMask:
        do throws(ValueError) {
          query.fields = try FieldMask.selection(slot, of: message, model: plan.model, schema: plan.schema)
        } catch { violation(error.message) }
      default: break
      }
    }
    query.limit = limit(pageSize)
    // Only pages have tokens.
    let digest = query.limit != nil || !texts.token.isEmpty ? digest(texts, admission?.tokenBinding ?? []) : []
    if !texts.token.isEmpty, violations.isEmpty {
      do throws(PageTokens.Problem) {
        let position = try policy.tokens.open(texts.token, digest: digest, now: now.seconds)
        guard plan.fits(position, order: query.order) else { throw .otherQuery }
        query.after = position
      } catch {
        policy.tokenErrors.note(error)
        violations.append(FieldViolation(field: "page_token", description: error.message))
      }
    }
    guard violations.isEmpty else { return nil }
    do throws(ValueError) {
      let bound = try plan.bind(query, caller: admission?.rows?.values)
      return Call(query: query, bound: bound, plan: plan, admission: admission, digest: digest)
    } catch {
      violations.append(FieldViolation(field: "filter", description: error.message))
      return nil
    }
  }

  /// The token of the page behind `position`.
  func token(_ position: PagePosition, _ digest: [UInt8], now: WallTime) -> String {
    policy.tokens.seal(position, digest: digest, now: now.seconds)
  }

  private struct Texts {
    var filter = ""
    var order = ""
    var token = ""
  }

  private func limit(_ pageSize: Int) -> Int? {
    let wanted = pageSize > 0 ? pageSize : standard
    guard let maximum else { return wanted }
    return min(wanted ?? maximum, maximum)
  }

  private func digest(_ texts: Texts, _ binding: [String]) -> [UInt8] {
    PageTokens.digest([plan.model.fullName, plan.model.service.name, texts.filter, texts.order, ownOrder] + binding)
  }
}
