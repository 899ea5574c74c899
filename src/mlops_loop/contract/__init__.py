"""The data contract: what the data is, said once in `config/contract.yaml`."""

from .model import Categories, Column, Contract, Range, load_contract

__all__ = ["Categories", "Column", "Contract", "Range", "load_contract"]
