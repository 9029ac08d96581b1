import PillionDatabase
import PillionQuery
import PillionSchema
import PillionTransport
import PillionWire

/// Reads the request that List and ListPage share.
final class ListRequest: Sendable {
  let plan: ListPlan
  /// Milliseconds; nil: the service has none of its own.
  var statementTimeout: Int? { plan.model.service.statementTimeoutMilliseconds }
  let policy: ListPolicy
  /// Nil where the service asks for no index.
  let indexes: IndexGuard?
  private let decoder: RequestDecoder
  private let paths: PathResolver
  private let filters: FilterReader
  /// Rows that one call gives at most; nil: all.
  private let maximum: Int?
  /// Rows when the request does not say; nil: as many as `maximum`.
  private let standard: Int?
  /// The model, its service and the model's own order as text.
  private let ownNames: (model: String, service: String, order: String)

  init(plan: ListPlan, policy: ListPolicy, isPage: Bool) {
    self.plan = plan
    self.policy = policy
    indexes = policy.indexGuard(of: plan.model.service)
    decoder = RequestDecoder(shape: plan.request)
    let (model, schema) = (plan.model, plan.schema)
    paths = PathResolver(model: model, schema: schema, limits: policy.limits)
    filters = FilterReader(paths: paths, limits: policy.limits)
    let order = model.ordering.map { ($0.descending ? "-" : "") + schema.text(of: $0.path, from: model) }
    ownNames = (model.fullName, model.service.name, order.joined(separator: ","))
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
    var binding: TokenBinding
  }

  /// What a page token is bound to beside the service.
  struct TokenBinding {
    fileprivate var filter = ""
    fileprivate var order = ""
    fileprivate var admission: ServiceAccess.Admission?
  }

  func decode(_ bytes: UnsafeRawBufferPointer, into message: inout DecodedMessage) throws(WireError) {
    try decoder.decode(bytes, into: &message)
  }

  /// Adds every violation it finds, and returns nil if there were any.
  func call(
    _ message: borrowing DecodedMessage, _ admission: ServiceAccess.Admission? = nil, now: WallTime,
    violations: inout [FieldViolation]
  ) -> Call? {
    let plan = admission?.rows?.plans.list ?? plan
    var query = ListQuery()
    var binding = TokenBinding(admission: admission)
    var token = ""
    var pageSize = 0
    for index in plan.request.fields.indices {
      let slot = message.slots[index]
      guard slot.state == .present else { continue }
      func text() -> String { message.withBytes(of: slot) { String(decoding: $0, as: UTF8.self) } }
      func violation(_ description: String) {
        violations.append(FieldViolation(field: plan.request.fields[index].name, description: description))
      }
      switch plan.request.fields[index].source {
      case .filter:
        binding.filter = text()
        do throws(QueryError) {
          query.filter = try filters.filter(binding.filter)
        } catch { violation(error.description) }
      case .orderBy:
        binding.order = text()
        do throws(QueryError) {
          let terms = try OrderBy.parse(binding.order, paths: paths)
          if !terms.isEmpty { query.order = terms }
        } catch { violation(error.description) }
      case .pageSize:
        pageSize = Int(truncatingIfNeeded: Int64(bitPattern: slot.word))
        if pageSize < 0 { violation("must not be negative") }
      case .pageToken: token = text()
      case .readMask:
        do throws(ValueError) {
          query.fields = try FieldMask.selection(slot, of: message, model: plan.model, schema: plan.schema)
        } catch { violation(error.message) }
      default: break
      }
    }
    query.limit = limit(pageSize)
    if !token.isEmpty, violations.isEmpty {
      do throws(PageTokens.Problem) {
        let position = try policy.tokens.open(token, digest: digest(binding), now: now.seconds)
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
      return Call(query: query, bound: bound, plan: plan, admission: admission, binding: binding)
    } catch {
      violations.append(FieldViolation(field: "filter", description: error.message))
      return nil
    }
  }

  /// The token of the page behind `position`.
  func token(_ position: PagePosition, _ binding: TokenBinding, now: WallTime) -> String {
    policy.tokens.seal(position, digest: digest(binding), now: now.seconds)
  }

  private func limit(_ pageSize: Int) -> Int? {
    let wanted = pageSize > 0 ? pageSize : standard
    guard let maximum else { return wanted }
    return min(wanted ?? maximum, maximum)
  }

  private func digest(_ binding: TokenBinding) -> [UInt8] {
    PageTokens.digest(
      [ownNames.model, ownNames.service, binding.filter, binding.order, ownNames.order]
        + (binding.admission?.tokenBinding ?? []))
  }
}
