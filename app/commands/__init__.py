"""What people type: `fetch` for users, `jobs` and `backup` for operators."""
