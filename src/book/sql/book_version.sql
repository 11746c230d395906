SELECT version FROM book_version
