"""For how many more sellers a model has room, worked by hand."""

import numpy as np

from providers.entry.rooms import SellerBehind, rooms

# 2 million tokens a day at 3 USD per million tokens, of which one goes besides GPUs; a replica serves a million a day
# and costs .5 USD; everything is charged twice over, and a day's overhead is .25 USD of that
ONE = SellerBehind(tokens=2e6, price=1.0, efficiency=1.0, planned_tokens=1e6, replica_usd=0.5, gpus=1.0, gpu_factor=1.0,
                   variable_usd=1.0, factor=2.0, overhead_usd=0.25, needed_usd=0.5)


def test_sellers_come_while_each_earns_back_its_entry():
    # alone it sells 2 million: 2 (2 * 2 - .25) = 7.5 less two replicas, 1; with two behind each sells half a million,
    # 2 (.5 * 2 - .25) = 1.5 less one replica; with three behind a quarter: 2 (.25 * 2 - .25) - .5 = 0
    behind = np.array([[3.0, 3.0, 3.0, 3.0], [1.0, 0.5, 0.25, 0.125], [1.0, 1.0, 1.0, 1.0]])
    assert rooms(behind, np.array([[1.0], [1.0]]), ONE).tolist() == [2]
    # GPUs twice as dear leave who has two behind it 1.5 - 1, just enough; a little dearer they leave too little
    for dear, room in ((2.0, 2), (2.001, 1)):
        assert rooms(np.array([behind[0], behind[1], np.full(4, dear)]), np.ones((2, 1)), ONE).tolist() == [room]
    # a month with four times the demand has room for all that were looked at, one with a tenth for nobody
    assert rooms(behind, np.array([[4.0, 0.1], [1.0, 1.0]]), ONE).tolist() == [3, -1]
