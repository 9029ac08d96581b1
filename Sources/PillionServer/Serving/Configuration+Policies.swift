import Logging
import PillionInterceptors
import PillionQuery
import PillionService
import PillionTransport

/// What the parts of a server are told of its configuration.
extension Configuration {
  func makeLogger() -> Logger {
    let level = Logger.Level(rawValue: logLevel) ?? .info
    let format = StructuredLog.Format(rawValue: logFormat) ?? .json
    return Logger(label: "pillion") { StructuredLog(label: $0, level: level, format: format) }
  }

  func listPolicy(_ judge: (any IndexJudge)?, _ logger: Logger) -> ListPolicy {
    if pageTokenKey == nil {
      logger.warning(
        "list.page_token_key is not set: page tokens end with this process, and other replicas do not take them")
    }
    var policy = ListPolicy(
      tokens: PageTokens(secret: pageTokenKey, lifetimeSeconds: Int64(pageTokenLifetimeMilliseconds / 1000)))
    policy.limits = filterLimits
    policy.maximumPageSize = maximumPageSize == 0 ? nil : maximumPageSize
    policy.defaultPageSize = defaultPageSize
    policy.indexRequirement = indexRequirement
    policy.indexJudge = judge
    return policy
  }

  var transport: TransportConfiguration {
    var transport = TransportConfiguration()
    transport.eventLoopThreads = threads
    transport.sharesPort = sharesPort
    limits.apply(to: &transport)
    transport.compression = Compression(rawValue: compression) ?? .identity
    transport.exhausted = ErrorPolicy.serverIsFull
    return transport
  }

  var hasTLS: Bool { !tls.certificate.isEmpty }
}
