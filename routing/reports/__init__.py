"""What pages ask about stored answers, topics and philosophers. Read only; nothing formatted."""
