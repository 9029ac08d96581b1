import Logging
import PillionTransport

/// Takes over new certificates when their files have changed and go together.
struct CertificateReloader: Sendable {
  let files: TLSFiles
  let outcomes: EventCounts
  let logger: Logger
  let apply: @Sendable (TLSCredentials) -> Void

  var watcher: FileWatcher {
    FileWatcher(milliseconds: 500, known: files.known, fingerprint: { files.fingerprint }) { reload() }
  }

  private func reload() {
    do throws(TLSFilesError) {
      let credentials = try files.load()
      apply(credentials)
      outcomes.note("ok")
      logger.info(
        "certificate reloaded",
        metadata: [
          "subject": "\(credentials.subject)", "not_after": "\(Timestamp.text(credentials.validity.upperBound))",
        ])
      if let warning = credentials.warning { logger.warning("\(warning)") }
    } catch {
      outcomes.note("failed")
      logger.error("the certificate cannot be reloaded; the one before goes on being used: \(error.description)")
    }
  }
}
