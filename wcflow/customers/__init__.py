"""What a team does with customers: each operation is one function, and saves an edit.

An operation takes the transaction, the store, the person, and who does it when and why (EditedBy).
It answers with what followed (Outcome). The command line and the dashboard call the same ones.
"""
