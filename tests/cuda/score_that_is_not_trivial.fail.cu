// expected-error: scorecam: a score on a device is trivially copyable
#include <string>

#include <scorecam/cuda/backend.hpp>

struct named_score {
    std::string name;
    template <class T>
    auto operator()(scorecam::ops::row<T> outputs) const
    {
        return scorecam::ops::identity_of<scorecam::ops::row<T>>{outputs};
    }
};

void score(scorecam::cuda::backend& on) { on.score<float>({}, named_score{}, {}, {}, {}); }
