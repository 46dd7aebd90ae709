// Transactions of a build that was killed: the server may not have noticed yet.
SHOW TRANSACTIONS YIELD transactionId, metaData
WHERE metaData.app = $app
RETURN transactionId AS id
