import PillionSchema

/// From a field's number on the wire to its index in the shape.
struct FieldTable: Sendable {
  /// By number; -1: no such field. Covers the numbers that a model has from the start.
  private let dense: [Int32]
  /// The numbers beyond, ascending, and their indices.
  private let sparseNumbers: [UInt32]
  private let sparseIndices: [Int]

  init(_ fields: [FieldShape]) {
    // A few numbers per field are worth a place in the table; 2^29 are not.
    let limit = UInt32(truncatingIfNeeded: max(64, min(fields.count &* 4, 65_536)))
    var dense: [Int32] = []
    var sparse: [(number: UInt32, index: Int)] = []
    for (index, field) in fields.enumerated() {
      guard let number = UInt32(exactly: field.number), let short = Int32(exactly: index) else { continue }
      guard number < limit else {
        sparse.append((number, index))
        continue
      }
      while dense.count <= Int(number) { dense.append(-1) }
      dense[Int(number)] = short
    }
    sparse.sort { $0.number < $1.number }
    self.dense = dense
    sparseNumbers = sparse.map(\.number)
    sparseIndices = sparse.map(\.index)
  }

  /// nil: an unknown field.
  @inline(__always)
  func index(of number: UInt32) -> Int? {
    let position = Int(number)
    if position < dense.count {
      let index = dense[position]
      return index < 0 ? nil : Int(index)
    }
    return sparseNumbers.isEmpty ? nil : sparseIndex(of: number)
  }

  private func sparseIndex(of number: UInt32) -> Int? {
    var low = 0
    var high = sparseNumbers.count
    while low < high {
      let middle = (low &+ high) / 2
      if sparseNumbers[middle] < number { low = middle &+ 1 } else { high = middle }
    }
    return low < sparseNumbers.count && sparseNumbers[low] == number ? sparseIndices[low] : nil
  }
}
