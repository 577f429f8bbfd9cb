<?php
/**
 * One list of people.
 *
 * @package wcflow-companion
 */

defined( 'ABSPATH' ) || exit;

/**
 * Finds the people of a list by indexes only.
 *
 * The rarest condition gives the people where they are few; else the index of the order is walked, and each
 * person on it is looked up by primary key.
 */
class Wcflow_People_Query {
	/**
	 * The wanted search, filters and page.
	 *
	 * @var array
	 */
	private $args;

	/**
	 * Conditions as pairs of kind and name, without the segment.
	 *
	 * @var array[]
	 */
	private $labels = array();

	/**
	 * First letters of words, the longest first.
	 *
	 * @var string[]
	 */
	private $words;

	/**
	 * Ids of all that match where they are few, null where they are many.
	 *
	 * @var int[]|null
	 */
	private $few;

	/**
	 * Reads what is wanted; unknown values become the usual ones.
	 *
	 * @param array $args As for Wcflow_People::query.
	 */
	public function __construct( $args ) {
		$this->args = array_merge(
			array(
				'search'   => '',
				'segment'  => '',
				'orderby'  => 'name',
				'order'    => 'asc',
				'page'     => 1,
				'per_page' => 20,
			),
			$args
		);
		foreach ( array_diff( Wcflow_People::FILTERS, array( 'segment' ) ) as $kind ) {
			if ( isset( $args[ $kind ] ) && '' !== (string) $args[ $kind ] ) {
				$this->labels[] = array( $kind, Wcflow_Streams::cut( $args[ $kind ] ) );
			}
		}
		$this->words = array_slice( Wcflow_Cards::words( (string) $this->args['search'], false ), 0, 5 );
		usort(
			$this->words,
			function ( $one, $other ) {
				return mb_strlen( $other ) - mb_strlen( $one );
			}
		);
		$this->few = $this->find_few();
	}

	/**
	 * Returns the ids of the people of the wanted page, in order.
	 */
	public function persons() {
		global $wpdb;
		$size  = max( 1, min( 1000, (int) $this->args['per_page'] ) );
		$from  = ( max( 1, (int) $this->args['page'] ) - 1 ) * $size;
		$way   = 'desc' === strtolower( (string) $this->args['order'] ) ? 'DESC' : 'ASC';
		$order = $this->order( $way );
		$table = Wcflow_Tables::name( 'people' );
		if ( array() === $this->few ) {
			return array();
		}
		if ( null !== $this->few ) {
			$in  = implode( ',', $this->few );
			$sql = "SELECT person FROM `$table` p WHERE person IN ($in) ORDER BY $order";
		} else {
			$where = $this->where();
			$index = $this->index();
			$sql   = "SELECT person FROM `$table` p FORCE INDEX ($index) WHERE $where ORDER BY $order";
		}
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( "$sql LIMIT %d OFFSET %d", $size, $from ) ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns the ids of the people that follow one, in the order of ids.
	 *
	 * @param int $after Id of a person.
	 * @param int $limit How many at most.
	 */
	public function persons_after( $after, $limit ) {
		global $wpdb;
		if ( null !== $this->few ) {
			sort( $this->few );
			$rest = array_filter(
				$this->few,
				function ( $person ) use ( $after ) {
					return $person > $after;
				}
			);
			return array_slice( array_values( $rest ), 0, $limit );
		}
		$table = Wcflow_Tables::name( 'people' );
		$where = $this->where();
		return array_map( 'intval', $wpdb->get_col( $wpdb->prepare( "SELECT person FROM `$table` p FORCE INDEX (PRIMARY) WHERE person > %d AND $where ORDER BY person LIMIT %d", $after, $limit ) ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns how many match; large numbers are remembered for a minute.
	 */
	public function total() {
		if ( null !== $this->few ) {
			return count( $this->few );
		}
		$key   = 'wcflow_total_' . md5( wp_json_encode( array( $this->args['segment'], $this->labels, $this->words ) ) );
		$known = get_transient( $key );
		if ( false !== $known ) {
			return (int) $known;
		}
		$total = $this->count();
		if ( $total > Wcflow_People::COUNTED ) {
			set_transient( $key, $total, MINUTE_IN_SECONDS );
		}
		return $total;
	}

	/**
	 * Counts all that match.
	 */
	private function count() {
		global $wpdb;
		$people = Wcflow_Tables::name( 'people' );
		if ( 1 === count( $this->labels ) && '' === (string) $this->args['segment'] && ! $this->words ) {
			$labels = Wcflow_Tables::name( 'labels' );
			return (int) $wpdb->get_var( $wpdb->prepare( "SELECT COUNT(*) FROM `$labels` WHERE kind = %s AND name = %s", $this->labels[0] ) ); // phpcs:ignore WordPress.DB
		}
		$where = $this->where();
		$index = '' === (string) $this->args['segment'] ? 'customer_id' : 'segment_orders';
		return (int) $wpdb->get_var( "SELECT COUNT(*) FROM `$people` p FORCE INDEX ($index) WHERE $where" ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns the ids of all that match where one condition alone leaves few; else null.
	 */
	private function find_few() {
		global $wpdb;
		$sources = array();
		$labels  = Wcflow_Tables::name( 'labels' );
		foreach ( $this->labels as $label ) {
			$sources[] = $wpdb->prepare( "SELECT person FROM `$labels` WHERE kind = %s AND name = %s", $label ); // phpcs:ignore WordPress.DB
		}
		if ( $this->words ) {
			$identities = Wcflow_Tables::name( 'identities' );
			$like       = $wpdb->esc_like( $this->words[0] ) . '%';
			$sources[]  = $wpdb->prepare( "SELECT DISTINCT person FROM `$identities` WHERE kind = 'word' AND value LIKE %s", $like ); // phpcs:ignore WordPress.DB
		}
		foreach ( $sources as $source ) {
			$found = $wpdb->get_col( $source . ' LIMIT ' . ( Wcflow_People::FEW + 1 ) ); // phpcs:ignore WordPress.DB
			if ( count( $found ) <= Wcflow_People::FEW ) {
				return $found ? $this->only_matching( array_map( 'intval', $found ) ) : array();
			}
		}
		return null;
	}

	/**
	 * Returns those of some people who meet all conditions.
	 *
	 * @param int[] $persons Ids of people.
	 */
	private function only_matching( $persons ) {
		global $wpdb;
		$table = Wcflow_Tables::name( 'people' );
		$where = $this->where();
		$in    = implode( ',', $persons );
		return array_map( 'intval', $wpdb->get_col( "SELECT person FROM `$table` p WHERE person IN ($in) AND $where" ) ); // phpcs:ignore WordPress.DB
	}

	/**
	 * Returns all conditions as SQL over the table p.
	 */
	private function where() {
		global $wpdb;
		$parts      = array( '1=1' );
		$labels     = Wcflow_Tables::name( 'labels' );
		$identities = Wcflow_Tables::name( 'identities' );
		if ( '' !== (string) $this->args['segment'] ) {
			$parts[] = $wpdb->prepare( 'p.segment = %s', Wcflow_Streams::cut( $this->args['segment'], 100 ) );
		}
		foreach ( $this->labels as $number => $label ) {
			$parts[] = $wpdb->prepare( "EXISTS ( SELECT 1 FROM `$labels` l WHERE l.person = p.person AND l.kind = %s AND l.name = %s )", $label ); // phpcs:ignore WordPress.DB
		}
		foreach ( $this->words as $word ) {
			$parts[] = $wpdb->prepare( "EXISTS ( SELECT 1 FROM `$identities` i WHERE i.person = p.person AND i.kind = 'word' AND i.value LIKE %s )", $wpdb->esc_like( $word ) . '%' ); // phpcs:ignore WordPress.DB
		}
		return implode( ' AND ', $parts );
	}

	/**
	 * Returns the column of the wanted order.
	 */
	private function column() {
		$by = in_array( $this->args['orderby'], Wcflow_People::ORDERS, true ) ? $this->args['orderby'] : 'name';
		return 'name' === $by ? 'sort_name' : $by;
	}

	/**
	 * Returns the order as SQL.
	 *
	 * @param string $way ASC or DESC.
	 */
	private function order( $way ) {
		$column = $this->column();
		if ( 'segment' === $column ) {
			return "segment $way, sort_name $way, person $way";
		}
		return "$column $way, person $way";
	}

	/**
	 * Returns the index that gives the wanted order.
	 */
	private function index() {
		$column = $this->column();
		if ( 'segment' === $column ) {
			return 'segment_sort_name';
		}
		return ( '' === (string) $this->args['segment'] ? 'by_' : 'segment_' ) . $column;
	}
}
