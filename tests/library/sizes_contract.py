"""A contract that tests of ingestion share: one constraint rejects rows, another warns."""

from mlops_loop.contract._contract_file import parse_contract

TEXT = """
problem: binary
label_horizon: 1d
columns:
  key: {type: text, role: id}
  at: {type: datetime, role: time}
  size: {type: number, range: {minimum: 0, maximum: 50, on_violation: warn}}
  colour: {type: category, categories: {values: [red, green], on_violation: reject}}
  note: {type: text, nullable: true}
  y: {type: boolean, role: target}
"""
CONTRACT = parse_contract(TEXT)
