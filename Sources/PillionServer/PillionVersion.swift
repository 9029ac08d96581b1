/// This program's version.
package enum PillionVersion {
  package static let current = "0.1.0"
}
